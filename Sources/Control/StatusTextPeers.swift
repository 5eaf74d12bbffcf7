// What `godwit status` says of a virtual router's peers.

extension StatusText {
  /// A line for each peer, the columns of all in line; red where something has to be done.
  func peerLines(_ peers: [PeerStatus]) -> [TextTable.Cell] {
    var table = TextTable()
    for peer in peers {
      table.rows.append([
        .init(printable(peer.name)), .init(printable(peer.addresses.joined(separator: ", "))),
        .init(words(peer).joined(separator: ", ")),
      ])
    }
    return zip(peers, table.lines(style: .plain)).map { peer, line in .init(line, colour(peer)) }
  }

  private func words(_ peer: PeerStatus) -> [String] {
    var parts: [String] = []
    if let state = peer.state { parts.append(state.rawValue) }
    if let priority = peer.effectivePriority { parts.append("priority \(priority)") }
    if let fit = peer.fit { parts.append(fit ? "fit" : "unfit") }
    if let seen = peer.lastSeenMilliseconds {
      parts.append("heard \(durationText(milliseconds: Int64(seen))) ago")
    } else {
      parts.append("not heard yet")
    }
    if let version = peer.version, version != report.version {
      parts.append("godwitd \(printable(version))")
    }
    if !peer.disagreements.isEmpty {
      parts.append(
        "CONFIGURATION DIFFERS in \(printable(peer.disagreements.joined(separator: " and ")))")
    } else if peer.configurationAgrees == false {
      parts.append("configuration differs")
    }
    for path in silentPaths(peer) {
      parts.append(
        "silent on \(printable(path.address))"
          + (path.lastSeenMilliseconds.map {
            " for \(durationText(milliseconds: Int64($0)))"
          } ?? ""))
    }
    if let offset = skew(peer) {
      let time = durationText(milliseconds: Int64(clamping: offset.magnitude))
      parts.append("its clock is \(time) \(offset < 0 ? "behind" : "ahead")")
    }
    return parts
  }

  private func colour(_ peer: PeerStatus) -> TextStyle.Colour? {
    if !peer.disagreements.isEmpty || !silentPaths(peer).isEmpty { return .red }
    return peer.configurationAgrees == false || skew(peer) != nil ? .yellow : nil
  }

  /// Those of its addresses on which nothing is heard while something is on another.
  private func silentPaths(_ peer: PeerStatus) -> [PeerPathStatus] {
    let silent = peer.paths.filter { ($0.lastSeenMilliseconds ?? .max) > 3000 }
    return silent.count == peer.paths.count ? [] : silent
  }

  /// The difference of the wall clocks where it is worth a word.
  private func skew(_ peer: PeerStatus) -> Int? {
    peer.clockOffsetMilliseconds.flatMap { $0.magnitude > 1000 ? $0 : nil }
  }
}
