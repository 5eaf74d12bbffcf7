#ifndef GODWIT_CLINUX_H
#define GODWIT_CLINUX_H
#include "lab.h"
#include "network.h"
#include "process.h"
#endif
