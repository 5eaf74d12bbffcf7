#define _GNU_SOURCE
#include "fence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Newer than the headers of Debian 12 (include/uapi/linux/bpf.h of Linux 6.6).
enum { TCX_INGRESS = 46, TCX_EGRESS = 47, TCX_NEXT = -1, TCX_DROP = 2, ATTACH_BEFORE = 1 << 3 };

/// The attributes of BPF_PROG_ATTACH, BPF_PROG_DETACH and BPF_PROG_QUERY as Linux 6.6 has them.
struct attach_attributes {
  uint32_t interface_index, program, type, flags, replaced, relative;
  uint64_t revision;
};
struct query_attributes {
  uint32_t interface_index, type, flags, attach_flags;
  uint64_t identifiers;
  uint32_t count, unused;
  uint64_t program_flags, links, link_flags, revision;
};

static int bpf(int command, void *attributes, size_t size) {
  long result = syscall(SYS_bpf, command, attributes, size);
  return result < 0 ? -errno : (int)result;
}

static const char *const names[] = {"godwit_in", "godwit_out"};
static const uint32_t types[] = {TCX_INGRESS, TCX_EGRESS};

// Maps

int clinux_fence_addresses(uint32_t capacity) {
  union bpf_attr a = {.map_type = BPF_MAP_TYPE_HASH,
                      .key_size = sizeof(struct clinux_fence_key),
                      .value_size = sizeof(uint32_t),
                      .max_entries = capacity,
                      .map_flags = BPF_F_NO_PREALLOC,
                      .map_name = "godwit_addr"};
  return bpf(BPF_MAP_CREATE, &a, sizeof a);
}

int clinux_fence_deadlines(uint32_t capacity) {
  union bpf_attr a = {.map_type = BPF_MAP_TYPE_ARRAY,
                      .key_size = sizeof(uint32_t),
                      .value_size = sizeof(uint64_t),
                      .max_entries = capacity,
                      .map_flags = BPF_F_MMAPABLE,
                      .map_name = "godwit_due"};
  return bpf(BPF_MAP_CREATE, &a, sizeof a);
}

uint64_t *clinux_fence_map(int deadlines, uint32_t capacity) {
  void *memory = mmap(NULL, capacity * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
                      deadlines, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void clinux_fence_unmap(uint64_t *deadlines, uint32_t capacity) {
  munmap(deadlines, capacity * sizeof(uint64_t));
}

uint64_t clinux_fence_load(const uint64_t *deadline) {
  return __atomic_load_n(deadline, __ATOMIC_ACQUIRE);
}

void clinux_fence_store(uint64_t *deadline, uint64_t nanoseconds) {
  __atomic_store_n(deadline, nanoseconds, __ATOMIC_SEQ_CST);
}

int clinux_fence_put(int addresses, const struct clinux_fence_key *key, uint32_t deadline) {
  union bpf_attr a = {.map_fd = (uint32_t)addresses,
                      .key = (uint64_t)(uintptr_t)key,
                      .value = (uint64_t)(uintptr_t)&deadline,
                      .flags = BPF_ANY};
  return bpf(BPF_MAP_UPDATE_ELEM, &a, sizeof a);
}

int clinux_fence_remove(int addresses, const struct clinux_fence_key *key) {
  union bpf_attr a = {.map_fd = (uint32_t)addresses, .key = (uint64_t)(uintptr_t)key};
  int result = bpf(BPF_MAP_DELETE_ELEM, &a, sizeof a);
  return result == -ENOENT ? 0 : result;
}

// The program
//
// R6 is the frame. The key that is looked up stands on the stack, the number of the deadline below
// it. A frame that is too short for what it says it is passes: it is no answer of anybody.

enum { KEY = -24, ADDRESS = KEY + 4, IPV4 = ADDRESS + 12, NUMBER = -28, BYTE = -32 };
enum { AT_PROTOCOL = 16, AT_VLAN = 24, AT_INTERFACE = 40 };
enum { LOOKUP = 1, LOAD_BYTES = 26, BOOT_TIME = 125 };
enum { ND_SOLICITATION = 135, ND_ADVERTISEMENT = 136, ICMPV6 = 58 };

struct program {
  struct bpf_insn code[192];
  int length;
  /// Jumps whose targets are not known yet: those to the end that passes and that drops the frame.
  int to_pass[48], passes, to_drop[8], drops;
};

static int emit(struct program *p, uint8_t code, uint8_t target, uint8_t source, int16_t offset,
                int32_t number) {
  p->code[p->length] =
      (struct bpf_insn){.code = code, .dst_reg = target, .src_reg = source, .off = offset,
                        .imm = number};
  return p->length++;
}

static void set(struct program *p, int reg, int32_t number) {
  emit(p, BPF_ALU64 | BPF_MOV | BPF_K, (uint8_t)reg, 0, 0, number);
}
static void copy(struct program *p, int reg, int from) {
  emit(p, BPF_ALU64 | BPF_MOV | BPF_X, (uint8_t)reg, (uint8_t)from, 0, 0);
}
static void stack_pointer(struct program *p, int reg, int offset) {
  copy(p, reg, BPF_REG_10);
  emit(p, BPF_ALU64 | BPF_ADD | BPF_K, (uint8_t)reg, 0, 0, offset);
}
static void store_stack(struct program *p, int size, int offset, int32_t number) {
  emit(p, (uint8_t)(BPF_ST | BPF_MEM | size), BPF_REG_10, 0, (int16_t)offset, number);
}
static void call(struct program *p, int function) {
  emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}
static void map(struct program *p, int reg, int descriptor) {
  emit(p, BPF_LD | BPF_DW | BPF_IMM, (uint8_t)reg, BPF_PSEUDO_MAP_FD, 0, descriptor);
  emit(p, 0, 0, 0, 0, 0);
}

/// A jump forward whose target `land` sets.
static int jump(struct program *p, int test, int reg, int32_t number) {
  return emit(p, (uint8_t)(BPF_JMP | test | BPF_K), (uint8_t)reg, 0, 0, number);
}
static void land(struct program *p, int from) {
  p->code[from].off = (int16_t)(p->length - from - 1);
}
static void pass_if(struct program *p, int test, int reg, int32_t number) {
  p->to_pass[p->passes++] = jump(p, test, reg, number);
}

/// Copies bytes of the frame to the stack; a frame without them passes.
static void load(struct program *p, int from, int to, int count) {
  copy(p, BPF_REG_1, BPF_REG_6);
  set(p, BPF_REG_2, from);
  stack_pointer(p, BPF_REG_3, to);
  set(p, BPF_REG_4, count);
  call(p, LOAD_BYTES);
  pass_if(p, BPF_JNE, BPF_REG_0, 0);
}

/// Looks the key up. One that is not fenced goes on at the jump that is returned; one whose deadline
/// has come is dropped; otherwise the code behind goes on.
static int look_up(struct program *p, int addresses, int deadlines) {
  map(p, BPF_REG_1, addresses);
  stack_pointer(p, BPF_REG_2, KEY);
  call(p, LOOKUP);
  int free = jump(p, BPF_JEQ, BPF_REG_0, 0);
  emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_0, 0, 0);
  emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_1, NUMBER, 0);
  map(p, BPF_REG_1, deadlines);
  stack_pointer(p, BPF_REG_2, NUMBER);
  call(p, LOOKUP);
  p->to_drop[p->drops++] = jump(p, BPF_JEQ, BPF_REG_0, 0);
  emit(p, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_7, BPF_REG_0, 0, 0);
  call(p, BOOT_TIME);
  p->to_drop[p->drops++] =
      emit(p, BPF_JMP | BPF_JGE | BPF_X, BPF_REG_0, BPF_REG_7, 0, 0);
  return free;
}

/// An IPv4 address at this place of the frame decides.
static void decide_by_ipv4(struct program *p, int from, int addresses, int deadlines) {
  store_stack(p, BPF_H, ADDRESS + 10, 0xffff);
  load(p, from, IPV4, 4);
  land(p, look_up(p, addresses, deadlines));
  p->to_pass[p->passes++] = jump(p, BPF_JA, 0, 0);
}

static void build(struct program *p, int direction, int addresses, int deadlines) {
  int out = direction == CLINUX_FENCE_OUT;
  copy(p, BPF_REG_6, BPF_REG_1);
  // The key: all zeros, then the interface.
  for (int offset = KEY; offset < 0; offset += 8) store_stack(p, BPF_DW, offset, 0);
  emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_6, AT_INTERFACE, 0);
  emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_1, KEY, 0);
  // The frames of a VLAN are its own interface's; VLAN 0 is none (IEEE 802.1Q).
  emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_6, AT_VLAN, 0);
  emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, 0xfff);
  pass_if(p, BPF_JNE, BPF_REG_1, 0);
  emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_7, BPF_REG_6, AT_PROTOCOL, 0);
  int ipv4 = jump(p, BPF_JEQ, BPF_REG_7, htons(ETH_P_IP));
  int ipv6 = jump(p, BPF_JEQ, BPF_REG_7, htons(ETH_P_IPV6));

  // ARP: who speaks (RFC 826); a probe of our own says nobody (RFC 5227). What comes in may tell this
  // host of the new holder, and an answer to the rest of it does not get out.
  pass_if(p, BPF_JNE, BPF_REG_7, htons(ETH_P_ARP));
  if (out) decide_by_ipv4(p, ETH_HLEN + 14, addresses, deadlines);
  else p->to_pass[p->passes++] = jump(p, BPF_JA, 0, 0);

  land(p, ipv4);
  decide_by_ipv4(p, out ? ETH_HLEN + 12 : ETH_HLEN + 16, addresses, deadlines);

  land(p, ipv6);
  load(p, out ? ETH_HLEN + 8 : ETH_HLEN + 24, ADDRESS, 16);
  land(p, look_up(p, addresses, deadlines));
  // Neighbor Discovery names the address behind the header (RFC 4861 sections 4.3 and 4.4).
  load(p, ETH_HLEN + 6, BYTE, 1);
  emit(p, BPF_LDX | BPF_MEM | BPF_B, BPF_REG_1, BPF_REG_10, BYTE, 0);
  pass_if(p, BPF_JNE, BPF_REG_1, ICMPV6);
  load(p, ETH_HLEN + 40, BYTE, 1);
  emit(p, BPF_LDX | BPF_MEM | BPF_B, BPF_REG_1, BPF_REG_10, BYTE, 0);
  pass_if(p, BPF_JNE, BPF_REG_1, out ? ND_ADVERTISEMENT : ND_SOLICITATION);
  load(p, ETH_HLEN + 48, ADDRESS, 16);
  land(p, look_up(p, addresses, deadlines));

  for (int i = 0; i < p->passes; i++) land(p, p->to_pass[i]);
  set(p, BPF_REG_0, TCX_NEXT);
  emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  for (int i = 0; i < p->drops; i++) land(p, p->to_drop[i]);
  set(p, BPF_REG_0, TCX_DROP);
  emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

int clinux_fence_load_program(int direction, int addresses, int deadlines, char *log,
                              size_t size) {
  struct program p = {.length = 0};
  build(&p, direction, addresses, deadlines);
  union bpf_attr a = {.prog_type = BPF_PROG_TYPE_SCHED_CLS,
                      .insn_cnt = (uint32_t)p.length,
                      .insns = (uint64_t)(uintptr_t)p.code,
                      .license = (uint64_t)(uintptr_t) "Apache-2.0",
                      .expected_attach_type = types[direction]};
  strncpy(a.prog_name, names[direction], sizeof a.prog_name - 1);
  if (log && size) {
    log[0] = 0;
    a.log_level = 1;
    a.log_size = (uint32_t)size;
    a.log_buf = (uint64_t)(uintptr_t)log;
  }
  return bpf(BPF_PROG_LOAD, &a, sizeof a);
}

// Attaching

int clinux_fence_attach(int program, int direction, uint32_t interface_index) {
  struct attach_attributes a = {.interface_index = interface_index,
                                .program = (uint32_t)program,
                                .type = types[direction],
                                .flags = ATTACH_BEFORE};
  return bpf(BPF_PROG_ATTACH, &a, sizeof a);
}

int clinux_fence_detach(int program, int direction, uint32_t interface_index) {
  struct attach_attributes a = {.interface_index = interface_index,
                                .program = (uint32_t)program,
                                .type = types[direction]};
  return bpf(BPF_PROG_DETACH, &a, sizeof a);
}

int clinux_fence_attached(int direction, uint32_t interface_index, uint32_t *identifiers,
                          uint32_t capacity) {
  struct query_attributes a = {.interface_index = interface_index,
                               .type = types[direction],
                               .identifiers = (uint64_t)(uintptr_t)identifiers,
                               .count = capacity};
  int result = bpf(BPF_PROG_QUERY, &a, sizeof a);
  return result < 0 ? result : (int)a.count;
}

static int information(int program, struct bpf_prog_info *found) {
  memset(found, 0, sizeof *found);
  union bpf_attr a = {.info = {.bpf_fd = (uint32_t)program,
                               .info_len = sizeof *found,
                               .info = (uint64_t)(uintptr_t)found}};
  return bpf(BPF_OBJ_GET_INFO_BY_FD, &a, sizeof a);
}

int clinux_fence_program(uint32_t identifier, int direction) {
  union bpf_attr a = {.prog_id = identifier};
  int program = bpf(BPF_PROG_GET_FD_BY_ID, &a, sizeof a);
  if (program < 0) return program;
  struct bpf_prog_info found;
  int result = information(program, &found);
  if (result == 0 && strcmp(found.name, names[direction]) == 0) return program;
  close(program);
  return result < 0 ? result : -ENOENT;
}

int clinux_fence_identifier(int program, uint32_t *identifier) {
  struct bpf_prog_info found;
  int result = information(program, &found);
  *identifier = found.id;
  return result;
}

static int look_in(int map, const void *key, void *value) {
  union bpf_attr a = {.map_fd = (uint32_t)map,
                      .key = (uint64_t)(uintptr_t)key,
                      .value = (uint64_t)(uintptr_t)value};
  return bpf(BPF_MAP_LOOKUP_ELEM, &a, sizeof a);
}

/// The map of that name among those of a program: a descriptor.
static int map_of(const uint32_t *identifiers, uint32_t count, const char *name) {
  for (uint32_t i = 0; i < count; i++) {
    union bpf_attr by = {.map_id = identifiers[i]};
    int map = bpf(BPF_MAP_GET_FD_BY_ID, &by, sizeof by);
    if (map < 0) return map;
    struct bpf_map_info found = {.type = 0};
    union bpf_attr a = {.info = {.bpf_fd = (uint32_t)map,
                                 .info_len = sizeof found,
                                 .info = (uint64_t)(uintptr_t)&found}};
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, &a, sizeof a) == 0 && strcmp(found.name, name) == 0) {
      return map;
    }
    close(map);
  }
  return -ENOENT;
}

int clinux_fence_deadline(int program, const struct clinux_fence_key *key, uint64_t *nanoseconds) {
  uint32_t identifiers[8];
  struct bpf_prog_info found = {.map_ids = (uint64_t)(uintptr_t)identifiers, .nr_map_ids = 8};
  union bpf_attr a = {.info = {.bpf_fd = (uint32_t)program,
                               .info_len = sizeof found,
                               .info = (uint64_t)(uintptr_t)&found}};
  int result = bpf(BPF_OBJ_GET_INFO_BY_FD, &a, sizeof a);
  if (result < 0) return result;
  uint32_t count = found.nr_map_ids < 8 ? found.nr_map_ids : 8;
  int addresses = map_of(identifiers, count, "godwit_addr");
  if (addresses < 0) return addresses;
  int deadlines = map_of(identifiers, count, "godwit_due");
  if (deadlines >= 0) {
    uint32_t place;
    result = look_in(addresses, key, &place);
    if (result == 0) result = look_in(deadlines, &place, nanoseconds);
    close(deadlines);
  } else {
    result = deadlines;
  }
  close(addresses);
  return result;
}

int clinux_fence_test(int program, const void *frame, size_t size, uint32_t interface_index,
                      uint32_t repeat, uint32_t *nanoseconds) {
  struct __sk_buff context = {.ifindex = interface_index};
  union bpf_attr a = {.test = {.prog_fd = (uint32_t)program,
                               .data_in = (uint64_t)(uintptr_t)frame,
                               .data_size_in = (uint32_t)size,
                               .ctx_in = (uint64_t)(uintptr_t)&context,
                               .ctx_size_in = sizeof context,
                               .repeat = repeat}};
  int result = bpf(BPF_PROG_TEST_RUN, &a, sizeof a);
  if (result < 0) return result;
  if (nanoseconds) *nanoseconds = a.test.duration;
  return (int)a.test.retval == TCX_DROP ? 0 : 1;
}
