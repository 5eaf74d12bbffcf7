import Authentication
import Configuration
import Control
import Failover
import Glibc
import LinuxIO
import VRRP

/// Why the daemon cannot start: the exit status of sysexits.h(3) and one line that says what to do.
struct StartupError: Error {
  let status: Int32
  let text: String

  static func configuration(_ text: String) -> StartupError { StartupError(status: 78, text: text) }
  static func capability(_ text: String) -> StartupError { StartupError(status: 77, text: text) }
  static func system(_ text: String) -> StartupError { StartupError(status: 71, text: text) }
}

/// Everything the daemon needs before the first virtual router, in the order in which nothing is
/// touched before everything that can be wrong has been looked at.
struct Startup: ~Copyable {
  let path: String
  let configuration: NodeConfiguration
  let accounts: [String: Account.Credentials]
  let keyring: Keyring?
  let log: Log
  let loop: EventLoop
  let signals: SignalSource
  let notifier: ServiceNotifier
  let control: ControlServer
  let interfaces: Interfaces
  let announcer: Announcer
  let tickleSender: TickleSender
  let neighbors: NeighborTable
  let lease: Lease
  let foundLeftovers: Bool
  let leftovers: [String: Leftover]
  let store: StateStore

  static func make(configurationPath path: String) throws(StartupError) -> Startup {
    let configuration: NodeConfiguration
    let accounts: [String: Account.Credentials]
    do throws(ConfigurationErrors) {
      configuration = try NodeConfiguration.load(path: path, hostName: HostName.upToFirstDot())
      accounts = try Self.accounts(of: configuration, file: path)
    } catch {
      throw .configuration(error.description)
    }
    let keyring: Keyring?
    do throws(KeyError) {
      keyring = try Keyring.load(configuration)
    } catch {
      throw .configuration("\(path): authentication: \(error)")
    }
    let log = Log(level: configuration.logLevel)
    try checkKernel()
    try checkCapabilities()
    ProcessLimits.ignoreBrokenPipes()
    try? ProcessLimits.raiseDescriptorLimit()
    try makeStateDirectory(configuration.stateDirectory)
    // The socket first: it tells whether another daemon serves this host already.
    let control = try listen(configuration, log)
    do throws(SystemError) {
      let loop = try EventLoop.make()
      let signals = try SignalSource.make([SIGTERM, SIGINT, SIGHUP])
      let interfaces = try Interfaces.open()
      let announcer = try Announcer.open()
      let tickleSender = try TickleSender.open()
      let neighbors = try NeighborTable.open()
      let store = StateStore(directory: configuration.stateDirectory, log: log)
      let candidates = leftovers(configuration, store, interfaces)
      let foundLeftovers = try removeLeftovers(interfaces, except: candidates, log)
      var lease = try Lease.open(configuration, log: log)
      let leftovers = try takeOver(candidates, &lease, interfaces, log)
      warnOfStrangers(configuration, interfaces, log)
      try store.writer.begin(loop: loop)
      raise(configuration, log)
      return Startup(
        path: path, configuration: configuration, accounts: accounts, keyring: keyring, log: log,
        loop: loop,
        signals: signals, notifier: .fromEnvironment(), control: control, interfaces: interfaces,
        announcer: announcer, tickleSender: tickleSender, neighbors: neighbors, lease: lease,
        foundLeftovers: foundLeftovers, leftovers: leftovers, store: store)
    } catch {
      if error.code == EPERM, error.call.hasPrefix("bpf") {
        throw .capability(
          "a BPF program is attached to an interface, and whether an earlier run left it cannot be"
            + " seen without CAP_SYS_ADMIN: run godwitd as root, or give its unit that capability")
      }
      throw .system("the kernel refuses what Godwit needs: \(error)")
    }
  }

  /// A recording that cannot be written is told at the start.
  static func checkRecording(_ path: String) throws(StartupError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard descriptor >= 0 else {
      throw .system("\(path): \(SystemError("open")); --record needs a file that can be written")
    }
    _ = FileDescriptor(owning: descriptor)
  }

  /// Refuses what the host's way of ending a lease cannot keep safe.
  func checkLease() throws(StartupError) {
    let refusals = configuration.virtualRouters.compactMap { lease.refusal(of: $0) }
    guard refusals.isEmpty else {
      throw .configuration(refusals.joined(separator: "\n"))
    }
  }

  /// The users that hooks and checks run as, looked up now, since a look-up may take its time.
  static func accounts(
    of configuration: NodeConfiguration, file: String
  ) throws(ConfigurationErrors) -> [String: Account.Credentials] {
    var found: [String: Account.Credentials] = [:]
    var missing: [String] = []
    for router in configuration.virtualRouters {
      for user in router.hooks.compactMap(\.user) + router.checks.compactMap(\.user)
      where found[user] == nil {
        if let credentials = Account.credentials(user: user) {
          found[user] = credentials
        } else if !missing.contains(user) {
          missing.append(user)
        }
      }
    }
    let errors = missing.map { user in
      ConfigurationError(
        file: file, problem: "there is no user \(user)",
        remedy: "create it, or name another one under user")
    }
    if let errors = ConfigurationErrors(errors) { throw errors }
    return found
  }

  /// Addresses are told apart by their tag, which Linux keeps from 5.18 on (IFA_PROTO).
  private static func checkKernel() throws(StartupError) {
    let release = kernelRelease()
    let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
    guard numbers.count == 2, (numbers[0], numbers[1]) < (5, 18) else { return }
    throw .system(
      "Linux \(release) does not keep tags on addresses, so leftovers could not be told from the"
        + " host's own: boot Linux 5.18 or later")
  }

  private static func checkCapabilities() throws(StartupError) {
    let needed: [(ProcessLimits.Capability, String)] = [
      (.networkAdministration, "CAP_NET_ADMIN"), (.rawSockets, "CAP_NET_RAW"),
    ]
    let missing = needed.filter { !ProcessLimits.hasCapability($0.0) }.map(\.1)
    guard missing.isEmpty else {
      throw .capability(
        "\(missing.joined(separator: " and ")) missing: run godwitd as root, or give its unit"
          + " AmbientCapabilities=\(missing.joined(separator: " "))")
    }
  }

  private static func makeStateDirectory(_ path: String) throws(StartupError) {
    if mkdir(path, 0o750) == 0 || errno == EEXIST {
      guard access(path, W_OK) == 0 else {
        throw .system("\(path): \(SystemError("access")); state_directory must be writable")
      }
      return
    }
    throw .system("\(path): \(SystemError("mkdir")); create it or set state_directory")
  }

  private static func listen(
    _ configuration: NodeConfiguration, _ log: Log
  ) throws(StartupError) -> ControlServer {
    let readers = Account.groupIdentifier(configuration.controlGroup)
    if readers == nil {
      log.write(
        .notice,
        "there is no group \(configuration.controlGroup): only root may read status"
          + " (`groupadd --system \(configuration.controlGroup)`)")
    }
    var administrators: UInt32?
    if let name = configuration.controlAdminGroup {
      administrators = Account.groupIdentifier(name)
      guard administrators != nil else {
        throw .configuration("control_admin_group: there is no group \(name): `groupadd \(name)`")
      }
    }
    do throws(SystemError) {
      // Who may do what is decided by the credentials of whoever connects: with two groups the
      // socket itself lets everyone in.
      let mode: UInt16 = administrators == nil ? 0o660 : 0o666
      let listener = try UnixListener.open(
        path: configuration.controlSocket, mode: mode, group: readers)
      return ControlServer(
        listener, readers: readers, named: configuration.controlGroup,
        administrators: administrators)
    } catch {
      if error.code == EADDRINUSE {
        throw .system(
          "another godwitd answers on \(configuration.controlSocket): stop it first, or set"
            + " control_socket")
      }
      throw .system("\(configuration.controlSocket): \(error)")
    }
  }

  /// A virtual address that somebody else configured would answer on a Backup too.
  private static func warnOfStrangers(
    _ configuration: NodeConfiguration, _ interfaces: Interfaces, _ log: Log
  ) {
    for router in configuration.virtualRouters
    where router.router.priority == .owner && router.lease.isEnforced {
      let own = router.router.addresses.filter(interfaces.has)
      guard !own.isEmpty else { continue }
      log.write(
        .warning,
        "\(router.name): \(own.map(\.description).joined(separator: ", ")) belong to this host"
          + " (priority 255): no lease silences them when godwitd fails")
    }
    for router in configuration.virtualRouters where router.router.priority != .owner {
      for address in router.router.addresses where interfaces.has(address) {
        log.write(
          .error,
          "\(router.name): \(address) is configured on this host by somebody else and answers"
            + " whatever the role is: take it out of the network configuration")
      }
    }
  }

  private static func raise(_ configuration: NodeConfiguration, _ log: Log) {
    do throws(SystemError) {
      if configuration.realtimePriority > 0 {
        try ProcessLimits.setRealtime(priority: Int32(configuration.realtimePriority))
      } else {
        try ProcessLimits.raisePriority()
      }
    } catch {
      log.write(.warning, "the scheduling priority stays as it is: \(error)")
    }
    ProcessLimits.forgetCode()
    guard configuration.lockMemory else { return }
    do throws(SystemError) {
      try ProcessLimits.lockMemory()
    } catch {
      log.write(
        .warning,
        "memory is not locked: \(error); give the unit LimitMEMLOCK=infinity or set lock_memory:"
          + " false")
    }
  }
}

/// The kernel's release as uname(2) tells it, like `6.1.0-18-amd64`.
private func kernelRelease() -> String {
  var name = utsname()
  guard uname(&name) == 0 else { return "" }
  return withUnsafeBytes(of: &name.release) { bytes in
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}

extension Interfaces {
  /// Whether any interface has this address without Godwit's doing.
  func has(_ address: IPAddress) -> Bool {
    links.keys.contains { index in
      ownAddresses(index).contains { $0.interfaceAddress.address == address }
    }
  }
}
