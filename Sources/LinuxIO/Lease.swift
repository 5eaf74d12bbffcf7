import Glibc
import VRRP

/// How the kernel is made to silence a node whose daemon is gone.
public enum LeaseMechanism: String, Sendable, CaseIterable {
  /// A program on the interface with an absolute deadline in shared memory (Linux 6.6).
  case bpf
  /// A table of our own with one element that expires (Linux 5.16).
  case nftables
  /// Nothing but the lifetime of the addresses, which whoever adds them renews.
  case addressLifetime = "address-lifetime"
}

/// Which virtual router of this host a lease belongs to.
public struct LeaseIdentifier: Hashable, Sendable {
  public let interfaceIndex: Int32
  /// The VRID, 1-255.
  public let virtualRouter: UInt8
  public let family: AddressFamily

  public init(interfaceIndex: Int32, virtualRouter: UInt8, family: AddressFamily) {
    self.interfaceIndex = interfaceIndex
    self.virtualRouter = virtualRouter
    self.family = family
  }
}

/// Why a lease was not extended.
public enum LeaseError: Error, Equatable, Sendable {
  /// It had ended, or somebody removed it.
  case lapsed
  /// The kernel refused or did not answer; the lease runs on to its end.
  case refused(SystemError)
}

/// Lets the kernel answer for addresses only while their lease runs.
///
/// Fenced addresses are dropped on their interface, in and out, and on the way over `lo`: ARP,
/// Neighbor Discovery and IP. All of it stays in the kernel when this process ends, however it ends;
/// the next one finds it by its names. One owner keeps the leases of all virtual routers.
public struct Lease: ~Copyable {
  /// The shortest lease that nf_tables can keep: what is shorter never begins.
  public static let shortestOfTables =
    TableFence.shortest + TableFence.leastTolerance + .milliseconds(10)

  public let mechanism: LeaseMechanism
  /// Why better mechanisms were passed over.
  public let refusals: [String]
  private var program: ProgramFence?
  private var table: TableFence?

  init(
    _ mechanism: LeaseMechanism, refusals: [String], program: consuming ProgramFence? = nil,
    table: consuming TableFence? = nil
  ) {
    self.mechanism = mechanism
    self.refusals = refusals
    self.program = program
    self.table = table
  }

  /// The best that the kernel can do; `forced` tries nothing else and throws why it cannot.
  public static func open(_ forced: LeaseMechanism?) throws(SystemError) -> Lease {
    var refusals: [String] = []
    if forced == nil || forced == .bpf {
      do throws(SystemError) {
        return Lease(.bpf, refusals: [], program: try ProgramFence.open())
      } catch {
        if forced != nil { throw error }
        refusals.append("bpf cannot be had (Linux 6.6, CAP_BPF, the host's clocks): \(error)")
      }
    }
    if forced == nil || forced == .nftables {
      do throws(SystemError) {
        return Lease(.nftables, refusals: refusals, table: try TableFence.open())
      } catch {
        if forced != nil { throw error }
        refusals.append("nftables cannot be had (Linux 5.16): \(error)")
      }
    }
    return Lease(.addressLifetime, refusals: refusals)
  }

  /// From now on these addresses are dropped unless the lease runs. A lease that runs goes on when only
  /// the list changes.
  ///
  /// A new one begins with a lease until `end`, so that not one frame is dropped before it; closed
  /// where there is none, or its end has come.
  public mutating func fence(
    _ identifier: LeaseIdentifier, addresses: [IPAddress], until end: Instant? = nil
  ) throws(SystemError) {
    try program?.fence(identifier, addresses: addresses, until: end)
    try table?.fence(identifier, addresses: addresses, until: end)
  }

  /// Lets the kernel answer until then (CLOCK_BOOTTIME), whatever was before, and never longer.
  ///
  /// An end that has come, or for nf_tables one within 30 ms, closes the lease and throws ETIME; where
  /// nothing is fenced it throws ENOENT.
  public mutating func grant(
    _ identifier: LeaseIdentifier, until end: Instant
  ) throws(SystemError) {
    try program?.grant(identifier, until: end)
    try table?.grant(identifier, until: end)
  }

  /// Extends a lease that still runs.
  public mutating func renew(
    _ identifier: LeaseIdentifier, until end: Instant
  ) throws(LeaseError) {
    try program?.renew(identifier, until: end)
    try table?.renew(identifier, until: end)
  }

  /// Ends it now.
  public mutating func close(_ identifier: LeaseIdentifier) throws(SystemError) {
    program?.close(identifier)
    try table?.close(identifier)
  }

  /// Takes the fence of a virtual router away.
  public mutating func unfence(_ identifier: LeaseIdentifier) throws(SystemError) {
    try program?.unfence(identifier)
    try table?.unfence(identifier)
  }

  /// Puts back what somebody removed from the kernel or emptied; the leases that have to be granted
  /// again.
  public mutating func repair() throws(SystemError) -> [LeaseIdentifier] {
    let ofPrograms = try program?.repair() ?? []
    return try ofPrograms + (table?.repair() ?? [])
  }

  /// The end of the lease that an earlier run left for these addresses; nil when none of its fences is
  /// there, or nothing tells its end any more.
  public static func leftover(
    _ identifier: LeaseIdentifier, addresses: [IPAddress]
  ) throws(SystemError) -> Instant? {
    let ends = [
      try ProgramFence.leftover(identifier, addresses: addresses), TableFence.leftover(identifier),
    ]
    return ends.compactMap(\.self).min()
  }

  /// Whether fences of an earlier run are there.
  public static func hasLeftovers() throws(SystemError) -> Bool {
    let programs = try ProgramFence.hasLeftovers()
    return programs || TableFence.hasLeftovers()
  }

  /// Removes what an earlier run left behind and leaves the fences of this owner.
  public mutating func removeOthers() throws(SystemError) {
    let own = try program?.identifiers() ?? []
    _ = try ProgramFence.removeLeftovers(except: own)
    _ = TableFence.removeLeftovers(except: table?.names ?? [])
  }

  /// Removes what an earlier run left behind in this network namespace; true when there was anything.
  /// Its addresses have to be gone by then.
  public static func removeLeftovers() throws(SystemError) -> Bool {
    let programs = try ProgramFence.removeLeftovers()
    return TableFence.removeLeftovers() || programs
  }

  /// Removes everything that this owner put into the kernel, but for some fences, whose leases run on
  /// to their ends.
  public mutating func removeAll(except kept: Set<LeaseIdentifier> = []) {
    program?.removeAll(except: kept)
    table?.removeAll(except: kept)
  }
}
