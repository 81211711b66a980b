import type { StorageConfig } from '../../storage/storage.ts';
import type { ZooKeeperConfig } from './config.ts';

export function storageConfig(config: ZooKeeperConfig): StorageConfig {
  return {
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    preAllocBytes: config.preAllocKiB * 1024,
    snapCount: config.snapCount,
    snapSizeLimitBytes: Math.max(0, config.snapSizeLimitKiB) * 1024,
    snapshotCompression: config.snapshotCompression === '' ? 'none' : config.snapshotCompression,
    trustEmptySnapshot: config.snapshotTrustEmpty,
    forceSync: config.forceSync,
    fsyncWarningThresholdMs: config.fsyncWarningThresholdMs,
  };
}
