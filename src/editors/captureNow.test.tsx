import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import type { CaptureRequest, Gateway, GatewayEvent } from '../gateway';
import { lendLayout } from '../testing/jsdom';
import { CaptureNowButton } from './CaptureNowButton';

jest.setTimeout(30_000);
beforeAll(lendLayout);

type Files = GatewayEvent['files'];

const file = (name: string, state: Files[number]['state'], reason?: string): Files[number] => ({
  name,
  profile: name.split('.')[0],
  state,
  reason,
});
const eventOf = (state: GatewayEvent['state'], ...files: Files): GatewayEvent => ({
  id: 'e1',
  service: 'checkout',
  instance: 'a',
  state,
  files: [...files, file('meta.json', 'stored')],
});

/** A gateway of two processes; what becomes of an event is told in these answers, one after the other. */
function setUp(...answers: GatewayEvent[]) {
  const asked: CaptureRequest[] = [];
  const next = () => answers.shift() as GatewayEvent;
  const gateway = {
    targets: async () => ({
      targets: ['a', 'b'].map((instance) => ({ service: 'checkout', instance })),
      profiles: ['heap', 'goroutine-text', 'cpu', 'a-new-one'],
      maxSeconds: 60,
    }),
    async capture(request: CaptureRequest) {
      asked.push(request);
      return { events: [next()], refused: [] };
    },
    event: async () => next(),
  } as unknown as Gateway;
  const onCaptured = jest.fn();
  render(<CaptureNowButton {...{ gateway, service: 'checkout', onCaptured }} />);
  return { asked, onCaptured, user: userEvent.setup() };
}

test('asks nothing before it is opened and confirmed, and then shows the event', async () => {
  const { asked, onCaptured, user } = setUp(
    eventOf('capturing', file('heap.pb.gz', 'reading')),
    eventOf('stored', file('heap.pb.gz', 'stored'), file('cpu.pb.gz', 'stored'))
  );
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  const dialog = within(await screen.findByRole('dialog'));
  await user.click(await dialog.findByLabelText('CPU'));
  await user.clear(dialog.getByLabelText(/^Seconds/));
  await user.type(dialog.getByLabelText(/^Seconds/), '5');
  await user.type(dialog.getByLabelText(/^Reason/), 'INC-7');
  expect(dialog.getByText('Captures heap, cpu of a of checkout, over 5 s where that takes time.')).toBeInTheDocument();
  expect(asked).toEqual([]);
  await user.click(dialog.getByRole('button', { name: 'Capture' }));
  expect(asked).toEqual([
    { service: 'checkout', instance: 'a', profiles: ['heap', 'cpu'], seconds: 5, reason: 'INC-7' },
  ]);
  expect(await screen.findByText('a heap.pb.gz: reading')).toBeInTheDocument();
  await waitFor(() => expect(onCaptured).toHaveBeenCalled(), { timeout: 5000 });
  expect(onCaptured.mock.calls).toEqual([[{ service: 'checkout', events: ['e1'], profiles: ['heap', 'cpu'] }]]);
  expect(screen.queryByRole('dialog')).toBeNull();
});

test('says what failed and why, and shows what is stored when asked to', async () => {
  const { onCaptured, user } = setUp(
    eventOf('partial', file('heap.pb.gz', 'failed', 'the process died'), {
      ...file('goroutine.txt.gz', 'stored'),
      profile: 'goroutine-text',
    })
  );
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  await user.click(await screen.findByLabelText(/^Goroutines, each/));
  await user.click(screen.getByRole('button', { name: 'Capture' }));
  expect(await screen.findByText('a heap.pb.gz: failed: the process died')).toBeInTheDocument();
  expect(onCaptured).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Show what is stored' }));
  expect(onCaptured.mock.calls).toEqual([[{ service: 'checkout', events: ['e1'], profiles: ['goroutine'] }]]);
});

test('captures nothing where no profile is chosen', async () => {
  const { user } = setUp();
  await user.click(screen.getByRole('button', { name: 'Capture now' }));
  await user.click(await screen.findByLabelText('Heap'));
  expect(screen.getByRole('button', { name: 'Capture' })).toBeDisabled();
});
