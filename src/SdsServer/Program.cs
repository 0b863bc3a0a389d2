using SdsServer.Hosting;

return await ServerProgram.RunAsync(args);
