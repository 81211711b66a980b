package org.apache.zookeeper.client;

import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.List;

/** Stands in for the class of ZooKeeper 3.4.14, which can't resolve addresses on Java 14 and later: hands out the servers in turn. */
public final class StaticHostProvider implements HostProvider {
  private final List<InetSocketAddress> servers;
  private int at = -1;

  public StaticHostProvider(Collection<InetSocketAddress> servers) {
    this.servers = servers.stream().map(s -> new InetSocketAddress(s.getHostString(), s.getPort())).toList();
  }

  @Override
  public int size() {
    return servers.size();
  }

  @Override
  public InetSocketAddress next(long spinDelay) {
    at = (at + 1) % servers.size();
    return servers.get(at);
  }

  @Override
  public void onConnected() {}
}
