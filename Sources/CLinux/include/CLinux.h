#ifndef GODWIT_CLINUX_H
#define GODWIT_CLINUX_H
#endif
