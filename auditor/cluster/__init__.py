"""Batches as tasks of an existing Dask cluster; the scheduler and the workers load this package too, so it is light."""
