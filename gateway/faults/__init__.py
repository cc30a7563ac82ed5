"""One module an area; each has `FAULTS`, found by `gateway.fault.all_faults`."""
