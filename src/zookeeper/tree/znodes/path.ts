/**
 * Whether a znode may have this path: from the root on, no empty, `.` or `..` elements, none of the characters that Apache forbids
 * (3.9's rule: 3.4 lets the ends of the ranges pass).
 */
export function isValidPath(path: string): boolean {
  const length = path.length;
  if (length === 0 || path.charCodeAt(0) !== SLASH) return false;
  if (length === 1) return true;
  if (path.charCodeAt(length - 1) === SLASH) return false;
  let elementStart = 1;
  for (let i = 1; i <= length; i++) {
    const unit = i === length ? SLASH : path.charCodeAt(i);
    if (unit === SLASH) {
      const size = i - elementStart;
      if (size === 0) return false;
      if (size <= 2 && path.charCodeAt(elementStart) === DOT)
        if (size === 1 || path.charCodeAt(elementStart + 1) === DOT) return false;
      elementStart = i + 1;
    } else if (
      unit <= 0x1f ||
      (unit >= 0x7f && unit <= 0x9f) ||
      (unit >= 0xd800 && unit <= 0xf8ff) ||
      unit >= 0xfff0
    )
      return false;
  }
  return true;
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** Of a path with a slash in it. The root's own is the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Those of `/zookeeper` that nobody may delete. */
export const CONFIG_PATH = '/zookeeper/config';
export const QUOTA_PATH = '/zookeeper/quota';

export function isSpecialPath(path: string): boolean {
  return path === '/' || path === '/zookeeper' || path === QUOTA_PATH || path === CONFIG_PATH;
}
