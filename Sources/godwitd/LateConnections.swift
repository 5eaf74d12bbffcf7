import Failover
import LinuxIO
import VRRP

// A node that has handed the role over looks once more.
extension Daemon {
  /// The addresses are gone, when this is the first that is said of it.
  func noteRelease(_ router: LocalRouter) {
    guard let handover = router.participant.report.handover, case .released = handover.step,
      router.releasedOperation != handover.operation
    else { return }
    router.releasedOperation = handover.operation
    guard router.configuration.connections.onRelease == .reset,
      let scope = router.connectionScope
    else { return }
    let now = Clock.now()
    connections.released.append(LateWork.Part(router, scope, partner: handover.partner))
    connections.lateDue = connections.lateDue ?? now + LateWork.pause
    connections.lateUntil = now + LateWork.limit
  }

  /// What the time asks for.
  func passLateTime(at now: Instant) {
    if let until = connections.lateUntil, until <= now { connections.lateUntil = nil }
    if let work = connections.late {
      if case .telling = work.phase { tellSuccessor(work, at: now) }
      if work.deadline <= now { endLate(work) }
    }
    guard connections.late == nil, let due = connections.lateDue, due <= now else { return }
    connections.lateDue = nil
    let parts = connections.released.filter(\.router.isWithoutAddresses)
    connections.released = []
    guard !parts.isEmpty else { return }
    do throws(SystemError) {
      // A client whose last word of the handshake was lost with the addresses takes itself for connected.
      let survey = try ConnectionSurvey.start(parts.map(\.scope), halfOpen: true)
      let work = LateWork(parts, survey, until: now + LateWork.limit)
      connections.late = work
      try watch(work)
    } catch {
      connections.late = nil
      complain(error)
    }
  }

  func proceedLate(at now: Instant) {
    guard let work = connections.late else { return }
    do throws(SystemError) {
      switch work.phase {
      case .listing(let listing):
        let isOver = try listing.survey.proceed { scope, connection in
          work.parts[scope].found += 1
          work.parts[scope].ledger.note(connection)
        }
        guard isOver else { return }
        for part in work.parts { part.ledger.endSurvey() }
        loop.forget(listing.survey.descriptor)
        work.phase = .telling
      case .telling: break
      case .ending(let ending):
        // Where the addresses have come back, so may have clients.
        guard ending.parts.allSatisfy(\.isToEnd) else {
          loop.forget(ending.reset.descriptor)
          return try reset(work, at: now)
        }
        let isOver = try ending.reset.proceed(at: now)
        for (part, result) in zip(ending.parts, ending.reset.results) { part.reset = result.reset }
        if isOver { endLate(work) }
      }
    } catch {
      endLate(work)
      complain(error)
    }
  }

  /// Sends one parcel, and goes on when there are no more.
  private func tellSuccessor(_ work: LateWork, at now: Instant) {
    for part in work.parts where part.isTold && part.ledger.count > 0 {
      guard case .piece(let piece) = part.ledger.parcel(for: part.partner) else { continue }
      let bytes = ConnectionParcel.late(piece).bytes
      if connections.send(bytes, part.router.name, part.partner) { return }
      part.isTold = false
      log.write(
        .warning,
        "\(part.router.name): \(part.partner) could not be told of \(part.found) connections that came"
          + " in while the addresses left")
    }
    do throws(SystemError) {
      try reset(work, at: now)
    } catch {
      endLate(work)
      complain(error)
    }
  }

  private func reset(_ work: LateWork, at now: Instant) throws(SystemError) {
    let parts = work.parts.filter(\.isToEnd)
    guard !parts.isEmpty else { return endLate(work) }
    work.phase = .ending(
      LateWork.Reset(
        try ConnectionReset.start(
          parts.map(\.scope), limit: Connections.mostResets, until: work.deadline), parts))
    try watch(work)
  }

  private func watch(_ work: LateWork) throws(SystemError) {
    guard let descriptor = work.descriptor else { return }
    try loop.watch(
      descriptor, for: .readable, token: Token.connections.with(Connections.Work.late.rawValue))
  }

  private func endLate(_ work: LateWork) {
    if let descriptor = work.descriptor { loop.forget(descriptor) }
    connections.late = nil
    if !connections.released.isEmpty { connections.lateDue = Clock.now() }
    for part in work.parts where part.found > 0 {
      part.router.counters.connectionsReset += part.reset
      log.write(
        .notice,
        "\(part.router.name): \(part.found) connections came in while the addresses left"
          + (part.isTold ? ": \(part.partner) tells their clients" : ""))
    }
  }

  /// Whether the successor may yet have to hear of connections; a stop waits for it, up to a bound.
  var isTellingSuccessor: Bool {
    guard let until = connections.lateUntil, Clock.now() < until else { return false }
    return connections.late != nil || !connections.released.isEmpty
      || peers.nodes.values.contains { $0.heardSince != nil && !$0.parcels.isIdle }
  }
}
