/** The `count` largest values by rising value, all where there are fewer. Reorders `values`. */
export function largestOf(values: Float64Array, count: number): Float64Array {
  // Quickselect: a sort of all would cost more than the rest of the drawing.
  let low = 0;
  let high = values.length - 1;
  const first = Math.max(0, values.length - count);
  // Values made for it find the worst pivot each time.
  for (let rounds = 64; low < high; rounds--) {
    if (rounds === 0) {
      values.subarray(low, high + 1).sort();
      break;
    }
    const pivot = values[(low + high) >> 1];
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left] < pivot) {
        left++;
      }
      while (values[right] > pivot) {
        right--;
      }
      if (left <= right) {
        const swapped = values[left];
        values[left++] = values[right];
        values[right--] = swapped;
      }
    }
    if (first <= right) {
      high = right;
    } else if (first >= left) {
      low = left;
    } else {
      break;
    }
  }
  return values.subarray(first).sort();
}
