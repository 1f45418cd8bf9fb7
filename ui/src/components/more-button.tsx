/**
 * Fetches the next page of a list from the server.
 */
interface Pages {
  hasNextPage: boolean;
  isFetching: boolean;
  fetchNextPage: () => unknown;
}

export function MoreButton({ of }: { of: Pages }) {
  if (!of.hasNextPage) return null;
  return (
    <button type="button" disabled={of.isFetching} onClick={() => void of.fetchNextPage()}>
      Show more
    </button>
  );
}
