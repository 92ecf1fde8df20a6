// Before each test file of the Jest project `scenarios`: every control plane of it is the simulated cluster.
process.env['SPREAD_OPERATOR_CONTROL_PLANE'] = 'simulated';
