import Hummingbird
import JSONText
import ProbeScheduler
import Runtime

extension Routes {
    /// The page at `/`, which anyone may see: it holds no more than the sources do.
    func addPage(to router: Router<ServerContext>) {
        let page = StaticPage()
        router.get("/") { _, _ in page.response }
    }

    /// What the page shows of the engine: settings, load, and the last masks by layer.
    func addPruning(to router: RouterGroup<ServerContext>) {
        router.get("/v1/pruning") { _, _ in
            let statistics = mailbox.statistics
            let used = statistics.blockCount - statistics.freeBlockCount
            return Response(
                json: .object([
                    "method": .string(configuration.method),
                    "ratio": .finite(configuration.pruneRatio),
                    "max_ratio": .finite(configuration.maxPruneRatio),
                    "mask_scope": .string(configuration.maskScope.rawValue),
                    "running": .integer(statistics.runningCount),
                    "waiting": .integer(statistics.waitingCount),
                    "kv_cache_usage": .finite(
                        Double(used) / Double(max(1, statistics.blockCount))
                    ),
                    "layers": metrics.pruning.layers,
                ])
            )
        }
    }
}
