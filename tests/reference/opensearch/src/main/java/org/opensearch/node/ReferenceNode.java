package org.opensearch.node;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/** One OpenSearch node on loopback, made of the published jars; it ends when its standard input does. */
public final class ReferenceNode extends Node {
    private ReferenceNode(Environment environment) {
        super(environment, List.of(Netty4Plugin.class, PainlessPlugin.class, VectorSetting.class), true);
    }

    /** argilla-server turns this setting of the k-NN plugin off for each index; nothing here has vectors. */
    public static final class VectorSetting extends Plugin {
        @Override
        public List<Setting<?>> getSettings() {
            return List.of(Setting.boolSetting("index.knn", false, Setting.Property.IndexScope));
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
        LogConfigurator.configureWithoutConfig(settings);
        try (Node node = new ReferenceNode(new Environment(settings, config))) {
            node.start();
            while (System.in.read() >= 0) {}
        }
    }
}
