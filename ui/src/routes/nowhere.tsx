/**
 * An address that no page has.
 */
import { Link } from 'wouter';
import { Empty } from '../components/answer';
import { Page } from '../components/page';

export function NowherePage() {
  return (
    <Page title="Nothing is at this address" name="Not found">
      <Empty>
        It may have been moved or mistyped. <Link href="/">Go home</Link>.
      </Empty>
    </Page>
  );
}
