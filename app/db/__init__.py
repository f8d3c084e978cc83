"""The database: engines, the unit of work, portable types, what its errors mean."""
