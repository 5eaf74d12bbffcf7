#ifndef GODWIT_CLINUX_H
#define GODWIT_CLINUX_H

#include "lab.h"

#endif
