import Failover
import LinuxIO
import VRRP

// A node that holds the role tells its peers whom they would have to tell.
extension Daemon {
  /// Begins to list the connections of everything held here, once in a second.
  func survey(at now: Instant) {
    for router in routers {
      router.sharedConnections.passTime(at: now)
      router.lateConnections.passTime(at: now)
      if !router.sharesConnections { router.ledger = nil }
    }
    if let survey = connections.survey {
      // The kernel answers at once: one that has not ended by now never will.
      loop.forget(survey.survey.descriptor)
      connections.survey = nil
    }
    guard !connections.reachablePeers().isEmpty else { return }
    let holding = routers.filter { $0.sharesConnections && $0.connectionScope != nil }
    guard !holding.isEmpty, let listing = list(holding, .survey) else { return }
    for router in holding {
      if router.ledger?.addresses != router.configuration.router.addresses {
        router.ledger = ConnectionLedger(addresses: router.configuration.router.addresses)
      }
      router.ledger?.beginSurvey()
    }
    connections.survey = listing
  }

  func proceedSurvey() {
    guard let listing = connections.survey else { return }
    do throws(SystemError) {
      let isOver = try listing.survey.proceed { scope, connection in
        listing.routers[scope].ledger?.note(connection)
      }
      guard isOver else { return }
      for router in listing.routers { endSurvey(router) }
    } catch {
      complain(error)
    }
    loop.forget(listing.survey.descriptor)
    connections.survey = nil
  }

  private func endSurvey(_ router: LocalRouter) {
    guard router.sharesConnections else {
      router.ledger = nil
      return
    }
    guard router.ledger != nil else { return }
    router.ledger?.endSurvey()
    if let beyond = router.ledger?.beyondLimit, beyond > 0 {
      log.writeLimited(
        .warning, about: "many connections \(router.name)", at: Clock.now(),
        "\(router.name): \(beyond) connections are too many to be shared with the peers: their"
          + " clients would not be told of a failover")
    }
    for peer in connections.reachablePeers() { connections.sharing.append((router, peer)) }
  }

  /// Sends parcels for a millisecond.
  func shareConnections() {
    guard !connections.sharing.isEmpty else { return }
    let end = Clock.now() + Connections.sharingLimit
    repeat {
      guard let (router, peer) = connections.sharing.last else { return }
      guard let parcel = router.ledger?.parcel(for: peer) else {
        connections.sharing.removeLast()
        continue
      }
      if !connections.send(parcel.bytes, router.name, peer) {
        // It may not have room; it hears everything with a later survey.
        router.ledger?.forget(peer)
        connections.sharing.removeLast()
      }
    } while Clock.now() < end
  }

  /// What a peer tells about connections.
  func hearConnections(_ bytes: [UInt8], of name: String, from peer: String) {
    let parcel: ConnectionParcel
    do throws(ConnectionParcelError) {
      parcel = try ConnectionParcel(decoding: bytes)
    } catch {
      log.writeLimited(
        .warning, about: "connections of \(peer)", at: Clock.now(),
        "\(peer) sent a list of connections that cannot be read (\(error.rawValue)): does it run"
          + " another version?")
      return
    }
    guard let router = routers.first(where: { $0.name == name && !$0.isLeaving }) else { return }
    switch parcel {
    case .holding(let holding): router.ledger?.answered(holding, by: peer)
    case .missing: router.ledger?.forget(peer)
    case .late(let piece): hearLate(piece, router, from: peer, at: Clock.now())
    case .piece, .told:
      if case .told = parcel { router.lateConnections.forget() }
      if let answer = router.sharedConnections.take(parcel, from: peer, at: Clock.now()) {
        _ = connections.send(answer.bytes, name, peer)
      }
    }
  }

  /// Asks all peers for the list of a virtual router that has just come: they take it that this node has
  /// it, which one of the same name may have had.
  func askForConnections(of router: LocalRouter) {
    guard router.configuration.connections.onTakeover == .tickle else { return }
    for peer in connections.reachablePeers() {
      _ = connections.send(ConnectionParcel.missing.bytes, router.name, peer)
    }
  }

  /// A peer has started, or its channel has come back or gone: it gets all again.
  func forgetShared(with peer: String) {
    for router in routers { router.ledger?.remove(peer) }
    connections.sharing.removeAll { $0.peer == peer }
  }
}

extension LocalRouter {
  /// Whether its connections are worth being known elsewhere.
  var sharesConnections: Bool {
    configuration.connections.onTakeover == .tickle && participant.role == .active
  }
}
