// libFuzzer as a library (llvm.org/docs/LibFuzzer.html), since the Swift package manager owns `main`.
#ifndef GODWIT_FUZZ_H
#define GODWIT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/// Parses libFuzzer's arguments and calls `callback` with input after input; the exit status.
int LLVMFuzzerRunDriver(int *argc, char ***argv,
                        int (*callback)(const uint8_t *data, size_t size));

#endif
