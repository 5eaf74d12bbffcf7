/// The version of every program of this package, as `--version` and `godwit status` show it.
public let godwitVersion = "0.1.0"
