import type { ZooKeeperConfig } from '../../server/config/config.ts';
import type { MemberConfig } from '../../server/config/server-line.ts';
import type { Electorate } from '../election/election.ts';
import type { ConfigFiles } from './config-files.ts';
import type { DataTree } from '../../tree/data-tree.ts';
import { ensembleOfTree, readEnsemble, versionOf } from './ensemble-text.ts';
import { ensembleOf, type Ensemble } from './ensemble.ts';

/**
 * The configurations that a server knows, in memory and in its files: the one in force, and perhaps a later one that was proposed.
 * Without `reconfigEnabled` the one in force never changes.
 */
export class Configurations {
  ensemble: Ensemble;
  proposed: Ensemble | null;
  /** The server itself, as the configuration in force tells it; who isn't in there follows without a vote. */
  self: MemberConfig;
  private readonly files: ConfigFiles;
  private readonly isEnabled: boolean;
  /** Of the one in the own tree at the start, whatever the files say: what is older was replaced by that. */
  private versionInTree: number;

  constructor(config: ZooKeeperConfig, self: MemberConfig, files: ConfigFiles, tree: DataTree) {
    this.isEnabled = config.reconfigEnabled;
    this.files = files;
    this.self = self;
    this.ensemble = ensembleOf(config);
    this.versionInTree = ensembleOfTree(tree)?.version ?? 0;
    const proposed = files.proposed();
    // Of one that isn't in the log nothing was acknowledged, or the log was cut; by a later start the log may have come past it.
    const isLogged = proposed !== null && proposed.version <= tree.lastZxid;
    if (proposed !== null && !isLogged) files.withdrawn();
    this.proposed = isLogged && proposed.version > this.ensemble.version ? proposed : null;
    if (config.dynamicConfigFile === '') files.backUp();
  }

  get electorate(): Electorate {
    const { voters, verifier } = this.ensemble;
    return { voters, verifier, told: this.proposed?.voters ?? [] };
  }

  /** Until they are in the files as they are here; null: they are. */
  get writing(): Promise<void> | null {
    return this.files.writing;
  }

  /**
   * It was proposed; or an epoch begins with it, and one that was proposed later never came about, unless the log has it still.
   * @returns whether another one is proposed now.
   */
  seen(ensemble: Ensemble, isLogged: (version: number) => boolean): boolean {
    const { version } = this.proposed ?? this.ensemble;
    if (!this.isEnabled || ensemble.version === version) return false;
    const isWithdrawn = ensemble.version < version && !isLogged(version) && this.withdraw();
    if (ensemble.version <= this.ensemble.version) return isWithdrawn;
    this.proposed = ensemble;
    this.files.seen(ensemble);
    return true;
  }

  /** What came after `zxid` was never committed. @returns whether a proposed one is gone by that. */
  cutTo(zxid: number): boolean {
    if (this.versionInTree > zxid) this.versionInTree = 0;
    return this.proposed !== null && this.proposed.version > zxid && this.withdraw();
  }

  /** It is in force. @returns whether that is news. */
  activate(ensemble: Ensemble): boolean {
    if (!this.isEnabled || ensemble.version <= this.ensemble.version) return false;
    this.ensemble = ensemble;
    if (this.proposed !== null && this.proposed.version <= ensemble.version) this.proposed = null;
    this.self = ensemble.member(this.self.id) ?? { ...this.self, role: 'participant' };
    this.files.activated(ensemble, this.self.client === null, this.proposed !== null);
    return true;
  }

  /** The one that another server says is in force, if it is later, and not an old message about one that was replaced. */
  laterIn(text: string): Ensemble | null {
    const version = versionOf(text);
    if (!this.isEnabled || version <= this.ensemble.version || version < this.versionInTree) return null;
    const ensemble = readEnsemble(text);
    return typeof ensemble === 'string' ? null : ensemble;
  }

  private withdraw(): boolean {
    if (this.proposed === null) return false;
    this.proposed = null;
    this.files.withdrawn();
    return true;
  }
}
