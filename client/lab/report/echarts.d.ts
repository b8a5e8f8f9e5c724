// The whole of ECharts in one file, which comes without its types.
declare module 'echarts/dist/echarts.esm.min.mjs' {
  export * from 'echarts';
}
