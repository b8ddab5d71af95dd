"""What can be asked about: tables, columns, their meaning, and what somebody meant who names one that is not there."""
