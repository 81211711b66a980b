/** The release of Apache ZooKeeper whose behaviour this server has; clients and tools read it. */
export const ZOOKEEPER_VERSION = '3.9.5';
export const ZOOKEEPER_BUILD = 'gregor, built on 2026-11-23 00:00 UTC';
export const fullVersion = `${ZOOKEEPER_VERSION}-${ZOOKEEPER_BUILD}`;
