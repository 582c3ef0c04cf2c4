package org.elasticsearch.node;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.plugins.MockPluginsService;
import org.elasticsearch.plugins.PluginsService;
import org.elasticsearch.transport.netty4.Netty4Plugin;

/**
 * One Elasticsearch node on loopback, made of the published jars; it ends when its standard input does.
 *
 * <p>It stands in Elasticsearch's own package because the parts that a node is made of are visible only there. All of
 * it is the production code, but for the plugins: they come from the class path and not from a folder of modules.
 */
public final class ReferenceNode extends Node {
    private ReferenceNode(Environment environment) {
        super(NodeConstruction.prepareConstruction(environment, new ClassPathPlugins(), true));
    }

    private static final class ClassPathPlugins extends NodeServiceProvider {
        @Override
        PluginsService newPluginService(Environment environment, Settings settings) {
            return new MockPluginsService(settings, environment, List.of(Netty4Plugin.class));
        }
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Path config = Files.createDirectories(home.resolve("config"));
        // Its ports come as files in this folder.
        Files.createDirectories(home.resolve("logs"));
        Settings settings = Settings.builder()
            .put("path.home", home.toString())
            .put("cluster.name", "reference")
            .put("node.name", "reference")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", "0")
            .put("transport.port", "0")
            .put("http.type", "netty4")
            .put("transport.type", "netty4")
            .put("node.portsfile", true)
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
        LogConfigurator.loadLog4jPlugins();
        LogConfigurator.configureESLogging();
        LogConfigurator.configureWithoutConfig(settings);
        Environment environment = new Environment(settings, config);
        try (Node node = new ReferenceNode(environment)) {
            node.start();
            while (System.in.read() >= 0) {}
        }
    }
}
