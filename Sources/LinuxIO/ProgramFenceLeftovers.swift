import CLinux
import Glibc
import VRRP

// Programs of an earlier run: attached, and known by their names.
extension ProgramFence {
  /// Detaches every program of an earlier run.
  ///
  /// `own`: programs that stay. Throws EPERM when a program is attached that may be one and cannot be
  /// looked at: that takes CAP_SYS_ADMIN.
  static func removeLeftovers(except own: [UInt32] = []) throws(SystemError) -> Bool {
    var found = false
    for index in interfaceIndexes() {
      for direction in directions {
        try forEachOfOurs(direction, index) { identifier, program in
          guard !own.contains(identifier) else { return }
          found = clinux_fence_detach(program, direction, index) == 0 || found
        }
      }
    }
    return found
  }

  static func hasLeftovers() throws(SystemError) -> Bool {
    var found = false
    for index in interfaceIndexes() {
      for direction in directions { try forEachOfOurs(direction, index) { _, _ in found = true } }
    }
    return found
  }

  /// The earliest deadline of these addresses in the programs that are attached.
  static func leftover(
    _ identifier: LeaseIdentifier, addresses: [IPAddress]
  ) throws(SystemError) -> Instant? {
    let index = UInt32(bitPattern: identifier.interfaceIndex)
    var earliest: UInt64?
    for direction in directions {
      try forEachOfOurs(direction, index) { _, program in
        for address in addresses {
          var key = key(address, identifier.interfaceIndex)
          var deadline: UInt64 = 0
          guard clinux_fence_deadline(program, &key, &deadline) == 0 else { continue }
          earliest = min(deadline, earliest ?? deadline)
        }
      }
    }
    return earliest.map { Instant(sinceBoot: .nanoseconds(Int64(clamping: $0))) }
  }

  /// The programs of ours on an interface, each with its identifier and a descriptor for the visit.
  private static func forEachOfOurs(
    _ direction: Int32, _ index: UInt32, _ visit: (UInt32, Int32) -> Void
  ) throws(SystemError) {
    var identifiers = [UInt32](repeating: 0, count: 64)
    let count = clinux_fence_attached(direction, index, &identifiers, 64)
    for identifier in identifiers.prefix(max(0, Int(count))) {
      let program = clinux_fence_program(identifier, direction)
      if program == -EPERM { throw SystemError("bpf BPF_PROG_GET_FD_BY_ID", EPERM) }
      guard program >= 0 else { continue }
      let owned = FileDescriptor(owning: program)
      visit(identifier, owned.number)
    }
  }

  private static func interfaceIndexes() -> [UInt32] {
    guard let list = if_nameindex() else { return [] }
    defer { if_freenameindex(list) }
    var indexes: [UInt32] = []
    var next = list
    while next.pointee.if_index != 0 {
      indexes.append(next.pointee.if_index)
      next += 1
    }
    return indexes
  }
}
