import Foundation

/// How many files and connections this process may have open.
enum FileDescriptorLimit {
    /// Raises the limit as far as the system lets an ordinary process.
    static func raise() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        // SAFETY: both calls read or fill the struct that they are given.
        unsafe getrlimit(resource, &limit)
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(resource, &limit)
    }
}
