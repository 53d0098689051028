import { act, fireEvent, render, screen } from '@testing-library/react';
import React, { useState } from 'react';
import { lendLayout } from '../testing/jsdom';
import { LateCombobox } from './LateCombobox';

const options = ['one', 'two', 'three'].map((value) => ({ value }));
const settle = () => act(() => new Promise((resolve) => setTimeout(resolve)));

beforeAll(lendLayout);

/** Chooses with keys, and returns before the task ends. @param steps down the list from the first option */
function choose(field: HTMLElement, steps: number): void {
  fireEvent.click(field);
  for (let i = 0; i < steps; i++) {
    fireEvent.keyDown(field, { key: 'ArrowDown' });
  }
  fireEvent.keyDown(field, { key: 'Enter' });
}

test('a change is told a task later, while the field shows what is chosen at once', async () => {
  const onChange = jest.fn();
  function Host() {
    const [value, setValue] = useState('one');
    return (
      <LateCombobox
        id="field"
        options={options}
        value={value}
        onChange={(option) => {
          onChange(option.value);
          setValue(option.value);
        }}
      />
    );
  }
  render(<Host />);
  const field = screen.getByRole('combobox');
  choose(field, 1);
  expect(onChange).not.toHaveBeenCalled();
  expect(field).toHaveValue('two');
  await settle();
  expect(onChange.mock.calls).toEqual([['two']]);
  expect(field).toHaveValue('two');
});

test('the parent that has changed meanwhile is told, not the one that was there at the choice', async () => {
  const told: string[] = [];
  const field = (parent: string) => (
    <LateCombobox id="field" options={options} value="one" onChange={({ value }) => told.push(`${parent}: ${value}`)} />
  );
  const { rerender } = render(field('before'));
  choose(screen.getByRole('combobox'), 1);
  rerender(field('after'));
  await settle();
  expect(told).toEqual(['after: two']);
});

test('two choices in one task are both told, in their order', async () => {
  const told: string[] = [];
  render(
    <>
      <LateCombobox id="a" options={options} value="one" onChange={({ value }) => told.push(`a: ${value}`)} />
      <LateCombobox id="b" options={options} value="one" onChange={({ value }) => told.push(`b: ${value}`)} />
    </>
  );
  const [a, b] = screen.getAllByRole('combobox');
  choose(a, 1);
  choose(b, 2);
  await settle();
  expect(told).toEqual(['a: two', 'b: three']);
});

test('a choice is not lost where its field goes before it is told', async () => {
  const onChange = jest.fn();
  const { unmount } = render(<LateCombobox id="field" options={options} value="one" onChange={onChange} />);
  choose(screen.getByRole('combobox'), 2);
  unmount();
  await settle();
  expect(onChange).toHaveBeenCalledWith(expect.objectContaining({ value: 'three' }));
});
