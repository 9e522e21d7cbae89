"""Sums of weighted rows: the first two moments of a history that was drawn again.

Row after row, so that the bits depend on no vector width.
"""

from simcore.compile import kernel


@kernel
def weighted_products(x, weights, first, second):
    """first[j] = sum of w x_j and second[i, j] = sum of w x_i x_j over the rows, for j <= i.

    x : float64[rows, n]; weights : float64[rows]; first, out : float64[n]; second, out : float64[n, n]
    """
    first[:] = 0.0
    second[:] = 0.0
    for t in range(x.shape[0]):
        if weights[t] == 0.0:
            continue
        for i in range(x.shape[1]):
            weighted = weights[t] * x[t, i]
            first[i] += weighted
            for j in range(i + 1):
                second[i, j] += weighted * x[t, j]
