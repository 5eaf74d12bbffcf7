#pragma once

/* Nothing to call: the library is preloaded (ld.so(8), LD_PRELOAD). */
