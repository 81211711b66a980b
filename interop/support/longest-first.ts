import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take longest, by measurement, first: then none of them is alone at the end. All others come after these. */
const longest = [
  'ensembles',
  'apache-tools',
  'mixed',
  'catching-up',
  'broker-killed',
  'change-hands',
  'ensemble-settings',
  'rolling-replacement',
  'tutorial',
  'kcat',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((name) => moduleId.endsWith(`/${name}.interop.ts`));
      return place < 0 ? longest.length : place;
    };
    return [...files].sort((a, b) => rank(a) - rank(b));
  }
}
