import { encodeJson, JsonFields } from './json.ts';

/** One rule of an ACL: names as Apache writes them (`Allow`, `Read`, `User:alice`, `*`). */
export interface AclRule {
  readonly principal: string;
  readonly permissionType: string;
  readonly operation: string;
  readonly host: string;
}

/** `/kafka-acl/<Type>/<name>` and `/kafka-acl-extended/prefixed/<Type>/<name>` */
export function encodeAclRules(rules: readonly AclRule[]): Buffer {
  return encodeJson({
    version: 1,
    acls: rules.map(({ principal, permissionType, operation, host }) => ({
      principal,
      permissionType,
      operation,
      host,
    })),
  });
}

export function decodeAclRules(path: string, data: Buffer | null): AclRule[] {
  return JsonFields.parse(path, data)
    .objects('acls')
    .map((entry) => ({
      principal: entry.text('principal'),
      permissionType: entry.text('permissionType'),
      operation: entry.text('operation'),
      host: entry.text('host'),
    }));
}

/** Which ACL changed. `patternType`: LITERAL or PREFIXED. */
export interface AclChange {
  readonly resourceType: string;
  readonly name: string;
  readonly patternType: string;
}

/** `/kafka-acl-extended-changes/acl_changes_<n>`; literal patterns have plain `Type:name` in `/kafka-acl-changes`. */
export function encodeAclChange(change: AclChange): Buffer {
  if (change.patternType === 'LITERAL') return Buffer.from(`${change.resourceType}:${change.name}`, 'utf8');
  return encodeJson({
    version: 1,
    resourceType: change.resourceType,
    name: change.name,
    patternType: change.patternType,
  });
}

export function decodeAclChange(path: string, data: Buffer | null): AclChange {
  const text = data?.toString('utf8') ?? '';
  if (!text.startsWith('{')) {
    const colon = text.indexOf(':');
    return { resourceType: text.slice(0, colon), name: text.slice(colon + 1), patternType: 'LITERAL' };
  }
  const fields = JsonFields.parse(path, data);
  return {
    resourceType: fields.text('resourceType'),
    name: fields.text('name'),
    patternType: fields.text('patternType'),
  };
}
