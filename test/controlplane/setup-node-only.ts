// Before each test file of the Jest project `integration`: the simulated cluster, and nothing that has to be built.
process.env['SPREAD_OPERATOR_CONTROL_PLANE'] = 'simulated';
process.env['SPREAD_OPERATOR_KUBECTL'] = 'none';
