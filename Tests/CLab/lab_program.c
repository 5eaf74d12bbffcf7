#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CLab.h"

int clinux_lab_passing_program(void) {
  enum { TCX_INGRESS = 46 };  // Newer than the headers of Debian 12.
  struct bpf_insn code[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
      {.code = BPF_JMP | BPF_EXIT},
  };
  union bpf_attr a = {.prog_type = BPF_PROG_TYPE_SCHED_CLS,
                      .insn_cnt = sizeof code / sizeof *code,
                      .insns = (uint64_t)(uintptr_t)code,
                      .license = (uint64_t)(uintptr_t) "",
                      .expected_attach_type = TCX_INGRESS,
                      .prog_name = "other"};
  return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof a);
}
