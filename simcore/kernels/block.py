"""The shape of the compiled work: a workspace row holds one number for each path of a block."""

BLOCK = 512  # consecutive paths in a block, always
STRIDE = BLOCK + 16  # float64s a row takes: no power of two, so that rows do not meet in the same cache sets
