// Rate and latency of requests between two looks at the server's counters.

function since(before, now) {
  const buckets = now.buckets.map(({ le, count }, at) => ({ le, count: count - (before.buckets[at]?.count ?? 0) }));
  return { count: now.count - before.count, failed: now.failed - before.failed, buckets };
}

/** Seconds within which that part of the requests was answered: a bound of the counters; infinite beyond the last. */
function within({ count, buckets }, part) {
  return buckets.find((bucket) => bucket.count >= count * part)?.le ?? Infinity;
}

/** What happened between two overviews; nothing if the server was started anew meanwhile. */
export function between(before, now) {
  const seconds = (Date.parse(now.at.replace(" ", "T")) - Date.parse(before.at.replace(" ", "T"))) / 1000;
  if (before.startedAt !== now.startedAt || seconds <= 0) return null;
  const requests = since(before.requests, now.requests);
  return {
    at: now.at,
    rate: requests.count / seconds,
    failed: requests.failed / seconds,
    half: requests.count > 0 ? within(requests, 0.5) : 0,
    most: requests.count > 0 ? within(requests, 0.95) : 0,
  };
}
