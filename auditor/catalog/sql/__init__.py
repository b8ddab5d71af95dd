"""Controls that are data: the tables they may read, and the SQL they may say, read strictly."""

from auditor.catalog.sql.compiled import AS_OF_NAME, Compiled, FieldProblem, compiled
from auditor.catalog.sql.entries import filled
from auditor.catalog.sql.expressions import Expression, Names, SqlProblem, read_expression
from auditor.catalog.sql.rendering import bound_values, rendered
from auditor.catalog.sql.tables import TABLES, EvidenceTable, Sort

__all__ = [
    "AS_OF_NAME",
    "TABLES",
    "Compiled",
    "EvidenceTable",
    "Expression",
    "FieldProblem",
    "Names",
    "Sort",
    "SqlProblem",
    "bound_values",
    "compiled",
    "filled",
    "read_expression",
    "rendered",
]
