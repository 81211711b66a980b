const LENGTH_MAX = 249;

/** Why a topic can't have that name, as a sentence; null when it can. */
export function topicNameProblem(name: string): string | null {
  if (name === '') return "A topic's name can't be empty.";
  if (name === '.' || name === '..') return `A topic can't be called "${name}".`;
  if (name.length > LENGTH_MAX) {
    return `A topic's name has at most ${LENGTH_MAX} characters; this one has ${name.length}.`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `A topic's name consists of ASCII letters, digits, ".", "_" and "-"; "${name}" has other characters.`;
  }
  return null;
}

/** Another topic whose metrics would have the same name, since "." becomes "_" in them; undefined when there is none. */
export function collidingTopic(name: string, topics: Iterable<string>): string | undefined {
  if (!/[._]/.test(name)) return undefined;
  const plain = name.replaceAll('.', '_');
  for (const topic of topics) {
    if (topic !== name && topic.replaceAll('.', '_') === plain) return topic;
  }
  return undefined;
}
