import { compareClient, observeBy } from '../support/compare.ts';
import { franzGo } from '../support/install.ts';

compareClient('franz-go', (cluster) => observeBy(franzGo(), [cluster.bootstrap]));
