import CNuma

/// Where the threads of a pool may run.
enum WorkerPlacement: Sendable, Equatable {
    /// On any core that the process may use.
    case anywhere
    /// On these cores, moving among them as the scheduler likes: the cores of one node, say.
    case cores([Int])
    /// Each worker on a core of its own: worker *i* on the *i*-th that the process may use.
    ///
    /// The calling thread, worker 0, is the caller's to place. With fewer cores than workers: anywhere.
    case coreEach
    /// Worker *i* on the *i*-th of these sets of cores: its node's, or one of them.
    case coreSets([[Int]])

    /// The placement that a pool takes when it is told none.
    ///
    /// With a worker for every core there is no free core to move to: a worker that leaves a core that
    /// another process uses only takes time from the caller's. Runs of 20 tasks of 20 µs on two cores
    /// (AMD EPYC, Zen 3), one of them kept busy by another process: 370 to 490 µs a run pinned, 430 to
    /// 530 µs unpinned or bound to the set of both; without that process no difference. With fewer
    /// workers than cores, one that may move finds a free core, and two programs do not meet on the
    /// first ones.
    static func preferred(threadCount: Int) -> WorkerPlacement {
        usableCores.count == threadCount ? .coreEach : .anywhere
    }

    /// The cores that the calling thread may use, ascending; empty when the system does not tell.
    static var usableCores: [Int] {
        guard let mask = unsafe numa_allocate_cpumask() else { return [] }
        // SAFETY: the mask is ours until it is freed.
        defer { unsafe numa_free_cpumask(mask) }
        guard unsafe numa_sched_getaffinity(0, mask) >= 0 else { return [] }
        return (0..<UInt32(numa_num_possible_cpus()))
            .filter { unsafe numa_bitmask_isbitset(mask, $0) != 0 }
            .map { Int($0) }
    }

    /// Binds the calling thread; cores that the process may not use are left out.
    func bind(worker: Int, of threadCount: Int) {
        let usable = Self.usableCores
        switch self {
        case .anywhere: return
        case .cores(let cores): Self.bind(to: usable.filter(cores.contains))
        case .coreEach:
            if threadCount <= usable.count { Self.bind(to: [usable[worker]]) }
        case .coreSets(let sets): Self.bind(to: usable.filter(sets[worker].contains))
        }
    }

    private static func bind(to cores: [Int]) {
        guard !cores.isEmpty, let mask = unsafe numa_allocate_cpumask() else { return }
        // SAFETY: the mask is ours until it is freed; the cores came from a mask of its size.
        defer { unsafe numa_free_cpumask(mask) }
        for core in cores { unsafe numa_bitmask_setbit(mask, UInt32(core)) }
        unsafe numa_sched_setaffinity(0, mask)
    }
}
