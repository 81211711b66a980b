import { installAll } from './install.ts';

export function setup(): void {
  installAll();
}
