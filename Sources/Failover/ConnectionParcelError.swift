/// Why bytes are not a parcel about connections.
public enum ConnectionParcelError: String, Error, Hashable, Sendable, CaseIterable {
  case version, kind, flags, family
  /// Longer or shorter than what it says.
  case length
  /// More than `ConnectionParcel.longest` bytes.
  case tooLong
  /// An address of which nobody can be a client, or that cannot move; or port 0.
  case impossibleAddress
  /// A place behind the end of the list of addresses.
  case place
}
