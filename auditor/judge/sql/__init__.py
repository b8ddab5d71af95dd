"""Controls that are data: their SQL, evaluated by DuckDB over the frame of units."""

from auditor.judge.sql.verdicts import sql_verdict

__all__ = ["sql_verdict"]
