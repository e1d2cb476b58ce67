"""How much is tried: the short form runs with all tests, the long one by `make torture`, which sets these variables."""

import os
import random

#: How often a process is killed; 0 in the short form.
KILLS = int(os.environ.get("TORTURE_KILLS", "0"))
#: What eight processes write together; 0 in the short form.
OPERATIONS_OF_WRITERS = int(os.environ.get("TORTURE_OPERATIONS", "0"))
#: How many pages of files are damaged in each way; 0 in the short form.
PAGES = int(os.environ.get("TORTURE_PAGES", "0"))
#: How often an array of an estimator is changed; 0 in the short form.
ARRAYS = int(os.environ.get("TORTURE_ARRAYS", "0"))
#: Of all that is drawn at random.
SEED = os.environ.get("TORTURE_SEED") or str(random.SystemRandom().randrange(10**6))
#: The file that figures are added to.
FIGURES = os.environ.get("TORTURE_FIGURES")
