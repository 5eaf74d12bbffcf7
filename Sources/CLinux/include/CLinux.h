#ifndef GODWIT_CLINUX_H
#define GODWIT_CLINUX_H

#include "fence.h"
#include "neighbor.h"
#include "network.h"
#include "process.h"
#endif
