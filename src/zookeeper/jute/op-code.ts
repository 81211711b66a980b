/** What requests ask for and what transactions do. Negative ones are transaction types that no client may ask for by number. */
export const OpCode = {
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  /** Only inside a multi. */
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  /** Made by the server itself; the body is the path as bare bytes. */
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
  /** A write that was refused. It is logged, too, since it used up a zxid. */
  error: -1,
} as const;

const nameByCode = new Map<number, string>(Object.entries(OpCode).map(([name, code]) => [code, name]));

/** `getData` for 4, `op 99` for what nobody knows. */
export function opName(op: number): string {
  return nameByCode.get(op) ?? `op ${op}`;
}
