"""The one reader of YAML files, hostile ones too: whatever a file holds, what is made of it is small and made quickly.

Refused are files beyond MAX_BYTES, what ``guard`` refuses, and what YAML allows and nobody means: a key that stands
twice, of which a loader takes the last one in silence; a key that is no text; a second document.
"""

from auditor.yaml_file.document import Place, YamlDocument, parse_yaml, read_yaml
from auditor.yaml_file.guard import MAX_BYTES, MAX_NODES, YamlProblem

__all__ = ["MAX_BYTES", "MAX_NODES", "Place", "YamlDocument", "YamlProblem", "parse_yaml", "read_yaml"]
