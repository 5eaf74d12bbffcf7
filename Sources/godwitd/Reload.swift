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
    self.accounts = accounts
    self.keyring = keyring
    return .success(apply(new))
  }

  private func apply(_ new: NodeConfiguration) -> ReloadOutcome {
    let now = Clock.now()
    var outcome = ReloadOutcome(message: "")
    configuration = new
    // Before anything is sent again.
    for router in routers { fitAuthentication(of: router) }
    log.level = new.logLevel
    loaded = .now()
    let present = routers.filter { !$0.isLeaving }
    for router in present where !new.virtualRouters.contains(where: { $0.name == router.name }) {
      outcome.removed.append(router.name)
      router.isLeaving = true
      feed(router, .shutdown(nil))
    }
    for wanted in new.virtualRouters {
      let old = present.first { $0.name == wanted.name }
      if let old, old.configuration == wanted { continue }
      if let old, old.canAdopt(wanted) {
        outcome.changed.append(wanted.name)
        change(old, wanted)
        continue
      }
      if let old {
        // Another identity: released like a stop, and taken in as a new one once that is done.
        outcome.changed.append(wanted.name)
        old.isLeaving = true
        old.replacement = wanted
        feed(old, .shutdown(nil))
        continue
      }
      outcome.added.append(wanted.name)
      add(
        LocalRouter(
          wanted, term: store.term(wanted.name), maintenance: store.maintenance(wanted.name),
          at: now
        ))
    }
    fitPeers()
    for router in routers { fitAuthentication(of: router) }
    outcome.message = outcome.sentence
    tellSystemd()
    return outcome
  }

  private func change(_ router: LocalRouter, _ wanted: VirtualRouterConfiguration) {
    let kept = Set(wanted.router.addresses)
    let dropped = router.configuration.router.addresses.filter { !kept.contains($0) }
    // Those of ours that are here, whatever the role: a removal may be under way that failed before.
    if !dropped.isEmpty, let link = router.link {
      if let failure = interfaces.remove(dropped, link.index) {
        log.write(.error, "\(router.name): an address could not be removed: \(failure)")
      }
    }
    // A check that is gone or changed has nobody left to answer to.
    for check in router.configuration.checks where !wanted.checks.contains(check) {
      children.check(router, check)?.process.killGroup()
    }
    router.adopt(wanted)
    fitNeighborSockets()
    applyLink(router)
    feed(router, .settings(wanted.participant))
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
  /// What a reload did, in a sentence.
  var sentence: String {
    let parts = [("added", added), ("changed", changed), ("removed", removed)]
      .filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
    return parts.isEmpty
      ? "reloaded: nothing has changed for the virtual routers"
      : "reloaded: \(parts.joined(separator: "; "))"
  }
}
