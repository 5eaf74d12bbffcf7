import VRRP

/// The earlier of two times, where nil is never.
public func earliest(_ left: Instant?, _ right: Instant?) -> Instant? {
  guard let left else { return right }
  guard let right else { return left }
  return min(left, right)
}

/// The later of two times, where nil is no time at all.
func latest(_ left: Instant?, _ right: Instant?) -> Instant? {
  guard let left else { return right }
  guard let right else { return left }
  return max(left, right)
}
