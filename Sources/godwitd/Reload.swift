import Authentication
import Configuration
import Control
import Failover
import LinuxIO
import VRRP

// A changed configuration file: all or nothing.
extension Daemon {
  /// Applies the file as it is now. A file with an error changes nothing, and neither does a change
  /// that needs a new start. Virtual routers that are the same are not touched.
  func reload() -> Result<ReloadOutcome, Refusal> {
    guard !isStopping else {
      return .failure(
        Refusal(.refused, "godwitd is stopping", remedy: "start it again: it reads the file then"))
    }
    notifier.reloading()
    defer { notifier.ready() }
    let new: NodeConfiguration
    let accounts: [String: Account.Credentials]
    do throws(ConfigurationErrors) {
      new = try NodeConfiguration.load(path: configurationPath, hostName: HostName.upToFirstDot())
      accounts = try Startup.accounts(of: new, file: configurationPath)
    } catch {
      return .failure(
        Refusal(
          .refused, "the configuration was not changed, \(configurationPath) has errors:\n\(error)",
          remedy: "mend the file and reload again"))
    }
    let keyring: Keyring?
    do throws(KeyError) {
      keyring = try Keyring.load(new)
    } catch {
      return .failure(
        Refusal(
          .refused, "the configuration was not changed: authentication: \(error)",
          remedy: "mend the key and reload again"))
    }
    let fixed = new.changesThatNeedRestart(from: configuration)
    guard fixed.isEmpty else {
      return .failure(
        Refusal(
          .refused, "\(fixed.joined(separator: ", ")) cannot change while godwitd runs",
          remedy: "restart godwitd, or put the old value back and reload again"))
    }
    let unsafe = new.virtualRouters.compactMap { lease.refusal(of: $0) }
    guard unsafe.isEmpty else {
      return .failure(
        Refusal(
          .refused, unsafe.joined(separator: "\n"), remedy: "mend the file and reload again"))
    }
    // Before anything is closed: a port that somebody else has must not cost the channel.
    let opening = peers.open(new, keyring: keyring)
    if let failure = peers.refusal(of: opening) {
      return .failure(
        Refusal(
          .refused, "the configuration was not changed: peer_port: \(failure)",
          remedy: "choose a port that is free on all nodes: `ss -lunp` shows who has one"))
    }
    self.accounts = accounts
    self.keyring = keyring
    return .success(apply(new, opening))
  }

  private func apply(_ new: NodeConfiguration, _ opening: Peers.Opening) -> ReloadOutcome {
    var outcome = ReloadOutcome(from: configuration, to: new)
    configuration = new
    // Before anything is sent again.
    for router in routers { fitAuthentication(of: router) }
    log.level = new.logLevel
    loaded = .now()
    fitRouters()
    fitPeers(opening)
    for router in routers { fitAuthentication(of: router) }
    let waiting = waitingNames
    if !waiting.isEmpty {
      outcome.message +=
        "; in force once what was here before has left: \(waiting.joined(separator: ", "))"
    }
    tellSystemd()
    return outcome
  }
}

extension NodeConfiguration {
  /// The keys whose change only a restart can apply.
  func changesThatNeedRestart(from old: NodeConfiguration) -> [String] {
    var keys: [String] = []
    if node != old.node { keys.append("node") }
    if controlSocket != old.controlSocket { keys.append("control_socket") }
    if controlGroup != old.controlGroup { keys.append("control_group") }
    if controlAdminGroup != old.controlAdminGroup { keys.append("control_admin_group") }
    if stateDirectory != old.stateDirectory { keys.append("state_directory") }
    if realtimePriority != old.realtimePriority { keys.append("realtime_priority") }
    if lockMemory != old.lockMemory { keys.append("lock_memory") }
    if leaseMechanism != old.leaseMechanism { keys.append("lease_mechanism") }
    return keys
  }
}

extension ReloadOutcome {
  /// What one file says and the other does not, and a sentence about it.
  init(from old: NodeConfiguration, to new: NodeConfiguration) {
    let before = Dictionary(
      old.virtualRouters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let names = Set(new.virtualRouters.map(\.name))
    self.init(
      message: "", added: new.virtualRouters.map(\.name).filter { before[$0] == nil },
      changed: new.virtualRouters.filter { router in
        before[router.name].map { $0 != router } ?? false
      }.map(\.name),
      removed: old.virtualRouters.map(\.name).filter { !names.contains($0) })
    let parts = [("added", added), ("changed", changed), ("removed", removed)]
      .filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
    message =
      parts.isEmpty
      ? "reloaded: nothing has changed for the virtual routers"
      : "reloaded: \(parts.joined(separator: "; "))"
  }
}
