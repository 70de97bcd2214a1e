"""The C++ core. Private: use the functions and classes of tlg."""

import numpy as np
from numpy.typing import NDArray

__version__: str

# posteriors
def check_log_probs(log_probs: NDArray[np.float32], tolerance: float, first_row: int = 0) -> None: ...
