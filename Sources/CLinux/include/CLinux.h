#ifndef GODWIT_CLINUX_H
#define GODWIT_CLINUX_H

#include "network.h"
#include "process.h"
#endif
