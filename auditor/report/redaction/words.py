"""Words of this program's own sentences and of AWS's: in a sentence, a user's name like that is taken for the word."""

_WORDS = """
A a about accept access Account account accounts action actions active additional administrators after again against
all allow allowed allows among an analyzer analyzers and another answer answered any are ARN arn as asked assume at
attached authorized AWS aws based be because been before began begins benchmark between boolean both but by call
called caller calling can cannot case certificate changed check cloud collect collected column columns condition
conditions configure console contact control controls could counts credential credentials date day days decides
default delegated deny depend details device devices differ different digit directly disabled disagree do document
does done each earlier element else empty enabled ended enough entity error every everybody everyone evidence example
exists expire expired expires explicit external failed FALSE false features fetch few fewer file first for found from
further gap generate groups guard hand has have header holds IAM id identity in inactive incomplete inline instance
instead interrupted into is it items its key keys kind known lacks last later least less lets letter limit line list
listed lists login looked looser lower made management manual max may member message MFA mfa min missing more most
must N name named names narrows needed neither nested network never new no nobody none nor not nothing null number
object of off old on one ones only open operation or organization organizations other out owner page parameters
partition password passwords people perform permission permissions person place policies policy principal problem
profile profiles providers reach read ready reason record region regions remembered report request required resource
resources right Role role roles root rotated row rows ruled run runs s say says seconds security separate service
services session set shape should shows sid since snapshot so some stage state statement status still stopped summary
support switched symbol tag tags takes tell tells text than that the their them there these this those throttling
through time timeout to together told too TRUE true trust trusted twice two type types unanswered undecided unit units
unknown unless until up upper use used User user users valid validate value version virtual waived waiver waivers was
were what when where whether which who why will with within without writes you your
"""
WORDS = frozenset(_WORDS.split())
